/** Returns a text that ends as a sentence does, so that another sentence can follow it. */
export function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`
}
