// Adds up vitest's JSON reports: `N passed, N failed`. JavaScript, for it runs on any Node, also after a failed install.
// Exits 1 when a report is missing, a test failed, or one was skipped: nothing is skipped in silence.
import { readFileSync } from 'node:fs';

const totals = { passed: 0, failed: 0, skipped: 0 };
let complete = true;
for (const file of process.argv.slice(2)) {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    totals.passed += report.numPassedTests;
    totals.failed += report.numFailedTests;
    totals.skipped += report.numPendingTests + report.numTodoTests;
    complete &&= report.success;
  } catch (error) {
    complete = false;
    console.error(`no report of the test runner: ${error.message}`);
  }
}
if (totals.skipped > 0) console.error(`${totals.skipped} tests were skipped`);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = complete && totals.failed === 0 && totals.skipped === 0 ? 0 : 1;
