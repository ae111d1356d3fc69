/** Milliseconds. @external env clock */
export declare function clock(): f64
