/** Where models may come from, besides the page's own address: the hubs. A host of one's own goes here. */
export const HUBS = [
  'https://huggingface.co',
  'https://*.huggingface.co',
  'https://*.hf.co',
  'https://hf-mirror.com',
  'https://modelscope.cn',
  'https://*.modelscope.cn',
]

/**
 * The static page's Content-Security-Policy.
 * @param where a page's own element cannot say who may frame it
 */
export function policyOf(hubs: readonly string[], where: 'page' | 'header'): string {
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' blob:",
    "font-src 'self'",
    `connect-src 'self' ${hubs.join(' ')}`,
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    ...(where === 'header' ? ["frame-ancestors 'none'"] : []),
    "require-trusted-types-for 'script'",
    'trusted-types kaiyuan',
  ].join('; ')
}
