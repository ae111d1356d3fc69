/**
 * Formats of strings as expressions that match the whole text. Each matches only what the format allows, and not for ever:
 * a model writes these. Formats that are not listed are annotations, as the specification has it.
 */

const OCTET = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
const IPV4 = `${OCTET}(\\.${OCTET}){3}`
const YEAR = '[0-9]{4}'
const LEAP = '([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)'
const DATE = `(${YEAR}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|${LEAP}-02-29)`
const HOUR = '([01][0-9]|2[0-3])'
const OFFSET = `(Z|[+\\-]${HOUR}:[0-5][0-9])`
const CLOCK = `${HOUR}:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?`
const TIME = `${CLOCK}${OFFSET}`
/** ISO 8601 leaves the offset out where the time is a local one. */
const ISO_TIME = `${CLOCK}${OFFSET}?`
const LABEL = '[A-Za-z0-9]([A-Za-z0-9\\-]{0,61}[A-Za-z0-9])?'
/** RFC 1035, section 2.3.4: no name is longer. */
const HOSTNAME = `(?=.{1,253}$)${LABEL}(\\.${LABEL}){0,8}`
/** Its last label is no number, which would make it a broken address. */
const DOMAIN = `(${LABEL}\\.){1,8}([A-Za-z]{2,20}|[Xx][Nn]--[A-Za-z0-9]{1,50})`
const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-]{1,64}"
const H16 = '[0-9A-Fa-f]{1,4}'
const LS32 = `(${H16}:${H16}|${IPV4})`
/** RFC 3986, section 3.2.2. */
const IPV6 = [
  `(${H16}:){6}${LS32}`,
  `::(${H16}:){5}${LS32}`,
  `(${H16})?::(${H16}:){4}${LS32}`,
  `((${H16}:){0,1}${H16})?::(${H16}:){3}${LS32}`,
  `((${H16}:){0,2}${H16})?::(${H16}:){2}${LS32}`,
  `((${H16}:){0,3}${H16})?::${H16}:${LS32}`,
  `((${H16}:){0,4}${H16})?::${LS32}`,
  `((${H16}:){0,5}${H16})?::${H16}`,
  `((${H16}:){0,6}${H16})?::`,
].join('|')
/** RFC 6570, section 2.1: what stands outside of expressions is as in an address, but without the apostrophe. */
const TEMPLATE_LITERAL = '([A-Za-z0-9._~!$&()*+,;=:@\\-/?]|%[0-9A-Fa-f]{2})'
const PERCENT = '%[0-9A-Fa-f]{2}'
const PORT = '(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})'
const USER = `([A-Za-z0-9._~\\-]|${PERCENT}){1,60}(:([A-Za-z0-9._~\\-]|${PERCENT}){0,60})?`
/** Resources of servers and databases have schemes of their own. */
const SCHEME = '[A-Za-z][A-Za-z0-9+\\-]{1,19}'
/** Characters of RFC 3987 beyond those of RFC 3986. */
const UCS =
  '\\u{a0}-\\u{d7ff}\\u{f900}-\\u{fdcf}\\u{fdf0}-\\u{ffef}\\u{10000}-\\u{1fffd}\\u{20000}-\\u{2fffd}\\u{30000}-\\u{3fffd}'

/** Addresses of RFC 3986, or, with `more` characters, of RFC 3987. */
function addresses(more: string): Readonly<Record<'char' | 'http' | 'uri' | 'reference', string>> {
  const other = `A-Za-z0-9._~!$&'()*+,;=\\-${more}`
  const char = `([${other}:@]|${PERCENT})`
  // A name in a network of one's own, as `localhost`, has no dots.
  const host = `[A-Za-z${more}]([A-Za-z0-9_\\-${more}]{0,61}[A-Za-z0-9${more}])?`
  const authority = `(${USER}@)?(${DOMAIN}|${host}(\\.${host}){0,8}|${IPV4}|\\[(${IPV6})\\])(:${PORT})?`
  const segments = `(/${char}{0,200}){0,20}`
  const after = `(\\?(${char}|[/?]){0,500})?(#(${char}|[/?]){0,200})?`
  const http = `https?://${authority}${segments}${after}`
  const opaque = `(urn|mailto|tel|news|data):${char}{1,200}${segments}${after}`
  const uri = `${SCHEME}://${authority}${segments}${after}|file://${segments}${after}|${opaque}`
  // Before a colon in the first segment there would be a scheme.
  const path = `/(${char}{1,200}${segments})?|([${other}@]|${PERCENT}){1,200}${segments}`
  return { char, http, uri, reference: `${uri}|(//${authority}${segments}|${path}|)${after}` }
}

const URI = addresses('')
const IRI = addresses(UCS)
const COUNT = '[0-9]{1,9}'
const HOURS = `T(${COUNT}H(${COUNT}M(${COUNT}S)?)?|${COUNT}M(${COUNT}S)?|${COUNT}S)`
const DAYS = `(${COUNT}D|${COUNT}M(${COUNT}D)?|${COUNT}Y(${COUNT}M(${COUNT}D)?)?)`
const NAME = '([A-Za-z0-9_]|%[0-9A-Fa-f]{2}){1,60}(:[1-9][0-9]{0,3}|\\*)?'
const EXPRESSION = `\\{[+#./;?&]?${NAME}(,${NAME}){0,10}\\}`
const POINTER = '(/([^/~"\\\\\\u0000-\\u001f]|~[01]){0,200}){0,20}'
const BASE64URL = '[A-Za-z0-9_\\-]'

/** RFC 3339, 4122, 5321, 1123, 4291, 3986, 3987, 6570, 6901, 7519, 4648. */
export const FORMATS: Readonly<Record<string, string | undefined>> = {
  date: DATE,
  time: TIME,
  'date-time': `${DATE}T${TIME}`,
  'iso-time': ISO_TIME,
  'iso-date-time': `${DATE}T${ISO_TIME}`,
  duration: `P(${DAYS}(${HOURS})?|${HOURS}|${COUNT}W)`,
  email: `${ATOM}(\\.${ATOM}){0,3}@${DOMAIN}`,
  'idn-email': `${ATOM}(\\.${ATOM}){0,3}@${DOMAIN}`,
  hostname: HOSTNAME,
  'idn-hostname': HOSTNAME,
  ipv4: IPV4,
  ipv6: IPV6,
  uri: URI.uri,
  url: URI.http,
  iri: IRI.uri,
  'uri-reference': URI.reference,
  'iri-reference': IRI.reference,
  'uri-template': `(${TEMPLATE_LITERAL}|${EXPRESSION}){0,500}`,
  uuid: '[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}',
  'json-pointer': POINTER,
  'relative-json-pointer': `(0|[1-9][0-9]{0,8})(#|${POINTER})`,
  'json-pointer-uri-fragment': `#(/(${URI.char}){0,200}){0,20}`,
  byte: '([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?',
  jwt: `${BASE64URL}{4,2000}\\.${BASE64URL}{4,8000}\\.${BASE64URL}{4,2000}`,
}
