import { DStreamError } from 'dstream'

export function tableMissing(where: string, table: string, statement: string): DStreamError {
  return new DStreamError(
    'table-missing',
    `${where}: there is no table ${table}. Create it, or set createTable: true:\n${statement}`,
  )
}

export function tableNotFitting(
  where: string,
  table: string,
  faults: readonly string[],
  statements: readonly string[],
): DStreamError {
  return new DStreamError(
    'table-not-fitting',
    `${where}: the table ${table} does not fit: ${faults.join('; ')}. ${cure(statements)}`,
  )
}

function cure(statements: readonly string[]): string {
  if (statements.length === 0) return 'Name the columns as they are in the table'
  return `Name the columns as they are in the table, or run:\n${statements.join('\n')}`
}
