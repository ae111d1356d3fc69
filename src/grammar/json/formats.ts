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
const TIME = `${HOUR}:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?${OFFSET}`
const LABEL = '[A-Za-z0-9]([A-Za-z0-9\\-]{0,61}[A-Za-z0-9])?'
/** Its last label is no number, which would make it a broken address. */
const DOMAIN = `(${LABEL}\\.){1,4}[A-Za-z]{2,20}`
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
const PCHAR = "([A-Za-z0-9._~!$&'()*+,;=:@\\-]|%[0-9A-Fa-f]{2})"
/** RFC 6570, section 2.1: what stands outside of expressions is as in an address, but without the apostrophe. */
const TEMPLATE_LITERAL = '([A-Za-z0-9._~!$&()*+,;=:@\\-/?]|%[0-9A-Fa-f]{2})'
const QUERY = `(\\?(${PCHAR}|[/?]){0,500})?`
const FRAGMENT = `(#(${PCHAR}|[/?]){0,200})?`
const SEGMENTS = `(/${PCHAR}{0,200}){0,20}`
const AUTHORITY = `(${DOMAIN}|localhost|${IPV4})(:[1-9][0-9]{1,3})?`
const HTTP = `https?://${AUTHORITY}${SEGMENTS}${QUERY}${FRAGMENT}`
const OTHER = `(ftp|file|ws|wss)://${AUTHORITY}${SEGMENTS}|(urn|mailto|tel|news|data):${PCHAR}{1,200}(/${PCHAR}{0,200}){0,20}`
const COUNT = '[0-9]{1,9}'
const HOURS = `T(${COUNT}H(${COUNT}M(${COUNT}S)?)?|${COUNT}M(${COUNT}S)?|${COUNT}S)`
const DAYS = `(${COUNT}D|${COUNT}M(${COUNT}D)?|${COUNT}Y(${COUNT}M(${COUNT}D)?)?)`
const NAME = '([A-Za-z0-9_]|%[0-9A-Fa-f]{2}){1,60}(:[1-9][0-9]{0,3}|\\*)?'
const EXPRESSION = `\\{[+#./;?&]?${NAME}(,${NAME}){0,10}\\}`
const POINTER = '(/([^/~"\\\\\\u0000-\\u001f]|~[01]){0,200}){0,20}'
const BASE64URL = '[A-Za-z0-9_\\-]'

/** RFC 3339, 4122, 5321, 1123, 4291, 3986, 6570, 6901, 7519, 4648. */
export const FORMATS: Readonly<Record<string, string | undefined>> = {
  date: DATE,
  time: TIME,
  'date-time': `${DATE}T${TIME}`,
  'iso-time': TIME,
  'iso-date-time': `${DATE}T${TIME}`,
  duration: `P(${DAYS}(${HOURS})?|${HOURS}|${COUNT}W)`,
  email: `${ATOM}(\\.${ATOM}){0,3}@${DOMAIN}`,
  'idn-email': `${ATOM}(\\.${ATOM}){0,3}@${DOMAIN}`,
  hostname: `${LABEL}(\\.${LABEL}){0,4}`,
  'idn-hostname': `${LABEL}(\\.${LABEL}){0,4}`,
  ipv4: IPV4,
  ipv6: IPV6,
  uri: `${HTTP}|${OTHER}`,
  url: HTTP,
  iri: `${HTTP}|${OTHER}`,
  'uri-reference': `${HTTP}|${OTHER}|(\\.{0,2}/)?(${PCHAR}{1,200}/){0,20}${QUERY}${FRAGMENT}`,
  'iri-reference': `${HTTP}|${OTHER}|(\\.{0,2}/)?(${PCHAR}{1,200}/){0,20}${QUERY}${FRAGMENT}`,
  'uri-template': `(${TEMPLATE_LITERAL}|${EXPRESSION}){0,500}`,
  uuid: '[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}',
  'json-pointer': POINTER,
  'relative-json-pointer': `(0|[1-9][0-9]{0,8})(#|${POINTER})`,
  'json-pointer-uri-fragment': `#(/(${PCHAR}){0,200}){0,20}`,
  byte: '([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?',
  jwt: `${BASE64URL}{4,2000}\\.${BASE64URL}{4,8000}\\.${BASE64URL}{4,2000}`,
}
