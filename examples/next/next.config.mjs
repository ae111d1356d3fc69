// The package starts workers out of its own files, so it is left as it is installed.
export default { serverExternalPackages: ['kaiyuan'] }
