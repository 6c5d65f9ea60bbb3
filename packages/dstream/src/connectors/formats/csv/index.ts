export { csv, type CsvOptions, type CsvRow } from './csv.js'
