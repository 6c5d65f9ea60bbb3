import type { DStream } from 'dstream'

export function sum(a: number, b: number): number {
  return a + b
}
export function minus(a: number, b: number): number {
  return a - b
}
export function ones(words: DStream<string>): DStream<[string, number]> {
  return words.mapToPair((word) => [word, 1])
}
