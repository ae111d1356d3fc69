/** Whether a revision is a commit, which never changes, and not the name of a branch. */
export function isCommit(revision: string | undefined): revision is string {
  return /^[0-9a-f]{40}$/.test(revision ?? '')
}
