/** The standard normal distribution. */

/** Of an interval of 95 %. */
export const Z95 = 1.959963984540054
/** Below which 80 % lie. */
export const Z80 = 0.8416212335729143
