// Whether what relayd is delivered with is what the lock file says, and whether anything is known against it.
// Exit 0: nothing known. 1: something is wrong. 75: the registry could not be asked, which is said;
// RELAYD_AUDIT=required makes that a failure, too.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const notAsked = 75;

/** Of delivered packages only; runs without a network. */
function lockProblems() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const delivered = Object.entries(packages).filter(([path, one]) => path !== '' && !one.dev);
  const problems = delivered.flatMap(([path, one]) => [
    ...(/^sha512-/.test(one.integrity ?? '') ? [] : [`${path} has no SHA-512 in the lock file`]),
    ...(/^http:/.test(one.resolved ?? '') ? [`${path} does not come over HTTPS`] : []),
  ]);
  const scripts = delivered.filter(([, one]) => one.hasInstallScript).map(([path]) => path);
  console.log(`audit: ${delivered.length} packages are delivered, each with its SHA-512`);
  console.log(
    `audit: with an install script, which is not needed: ${scripts.join(', ') || 'none'}`,
  );
  return problems;
}

function advisories() {
  const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  try {
    return JSON.parse(stdout);
  } catch {
    return { message: 'npm audit gave no answer' };
  }
}

const problems = lockProblems();
for (const problem of problems) console.log(`audit: ${problem}`);
const report = advisories();
const found = report.metadata?.vulnerabilities;
if (found === undefined) {
  console.log(
    `audit: ADVISORIES NOT CHECKED, the registry does not answer: ${report.message ?? 'no reason given'}`,
  );
} else {
  for (const [name, one] of Object.entries(report.vulnerabilities ?? {})) {
    console.log(`audit: ${name} ${one.range}: ${one.severity}`);
  }
  console.log(`audit: ${found.total} known vulnerabilities`);
}
if (problems.length > 0 || (found?.total ?? 0) > 0) process.exitCode = 1;
else if (found === undefined)
  process.exitCode = process.env.RELAYD_AUDIT === 'required' ? 1 : notAsked;
