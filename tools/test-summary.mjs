// @ts-check
// The closing line of CI, from the report that vitest wrote: node tools/test-summary.mjs report.json [more.json …]
import { readFileSync } from 'node:fs'

let passed = 0
let failed = 0
let skipped = 0
let broken = false
for (const path of process.argv.slice(2)) {
  const report = JSON.parse(readFileSync(path, 'utf8'))
  passed += report.numPassedTests
  failed += report.numFailedTests
  skipped += report.numPendingTests + report.numTodoTests
  // A file that could not even be loaded has no test that could fail.
  for (const file of report.testResults) {
    if (file.status === 'failed' && file.assertionResults.length === 0) {
      failed += 1
      console.log(`could not be run: ${file.name}`)
    }
    for (const test of file.assertionResults) {
      if (test.status === 'pending' || test.status === 'skipped') console.log(`skipped: ${test.fullName}`)
    }
  }
  broken ||= report.success !== true
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
if (broken || failed > 0 || passed === 0) process.exitCode = 1
