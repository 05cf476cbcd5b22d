// A reporter for CI, where a test that waited in vain has a second try, because the machine is not ours
// alone: whatever needed it is told by name, with what it said the first time. A wrong answer has none,
// nor has whoever works on the tests.

import type { Reporter, TestCase } from 'vitest/node';

const told: string[] = [];

export default class SecondTries implements Reporter {
  onTestCaseResult(test: TestCase): void {
    if (!test.diagnostic()?.flaky) return;
    const said = test.result().errors?.map((error) => error.message) ?? [];
    told.push(`${test.module.relativeModuleId} > ${test.fullName}\n  ${said.join('\n  ')}`);
  }

  onTestRunEnd(): void {
    if (told.length === 0) return;
    console.log(`\n${told.length} passed only at their second try:\n${told.join('\n')}\n`);
  }
}
