/** The options with their defaults. */
export interface CsvSettings {
  readonly columns: readonly string[] | undefined
  readonly header: boolean
  readonly delimiter: string
  readonly encoding: string
}
