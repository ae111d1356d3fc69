/** A container's tensor names -> the names that the lab publishes. */
import type { Transform } from './transforms.js'

/** What a tensor is called, and what a container did to it. */
export interface NamedTensor {
  /** Published name below the layer and without its ending; `{e}` stands for the number of an expert. */
  readonly name: string
  /** Published without the ending (`.weight`) that it has in the container. */
  readonly bare?: true
  readonly transform?: Transform
}

/** By the container's name below the layer and without its ending. A text is the published name of what is not changed. */
export type Names = Readonly<Record<string, string | NamedTensor>>

/** Names of one family in one container. */
export interface NameTables {
  /** Outside of the layers. */
  readonly top: Names
  readonly layer: Names
  /** Before the number of a layer, as published. */
  readonly prefix: string
}

/** A tensor with its whole published name, but for `{e}`. */
export interface PublishedTensor {
  readonly name: string
  readonly transform: Transform
}

export function lookUp(names: Names, own: string): NamedTensor | undefined {
  const found = Object.hasOwn(names, own) ? names[own] : undefined
  return typeof found === 'string' ? { name: found } : found
}

/** The name that a tensor has in place of `name.weight`. */
export function bare(name: string, transform?: Transform): NamedTensor {
  return { name, bare: true, ...(transform && { transform }) }
}

/** What a container calls a tensor. */
export interface OwnName {
  readonly name: string
  readonly transform: Transform
  /** Which of the experts that the container keeps in one tensor. */
  readonly expert?: number
}

/** The container's name of what is published as `published`; undefined where it has none. */
export function ownName({ top, layer, prefix }: NameTables, published: string): OwnName | undefined {
  const inLayers = published.startsWith(prefix)
  const [, number = '', below = published] = inLayers
    ? (/^(\d+)\.(.+)$/.exec(published.slice(prefix.length)) ?? [])
    : []
  const expert = /(?<=\.experts\.)\d+(?=\.)/.exec(below)?.[0]
  const wanted = expert === undefined ? below : below.replace(`.experts.${expert}.`, '.experts.{e}.')
  const [, stem = '', ending = ''] = /^(.+?)(\.weight|\.bias)?$/.exec(wanted) ?? []
  const names = inLayers ? layer : top
  const own = Object.keys(names).find((key) => {
    const named = lookUp(names, key)
    return named && named.name === (named.bare ? wanted : stem)
  })
  const named = own === undefined ? undefined : lookUp(names, own)
  if (!named) return undefined
  return {
    name: `${inLayers ? `blk.${number}.` : ''}${own}${named.bare ? '.weight' : ending}`,
    transform: named.transform ?? (expert === undefined ? 'none' : 'experts'),
    ...(expert !== undefined && { expert: Number(expert) }),
  }
}
