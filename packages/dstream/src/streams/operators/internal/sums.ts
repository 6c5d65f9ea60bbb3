/** Adds counts that enter a window. */
export function add(a: number, b: number): number {
  return a + b
}

/** Takes counts that leave a window off; the inverse of `add`. */
export function subtract(a: number, b: number): number {
  return a - b
}
