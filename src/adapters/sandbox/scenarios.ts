// All scenarios, in the order in which a list should show them: the table's rows A to N, then the
// others. The command line and the sandbox's page take them from here.

import { type Scenario, scenarioFrom } from './scenario.ts';
import { CORRECTION_SCENARIOS } from './scenario-corrections.ts';
import { PAYMENT_SCENARIOS } from './scenario-payments.ts';
import { PRICE_SCENARIOS } from './scenario-prices.ts';
import { SCENARIO_TABLE } from './scenario-table.ts';
import { TROUBLE_SCENARIOS } from './scenario-trouble.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...SCENARIO_TABLE,
  ...PAYMENT_SCENARIOS,
  ...CORRECTION_SCENARIOS,
  ...PRICE_SCENARIOS,
  ...TROUBLE_SCENARIOS,
].map(scenarioFrom);

/** By slug, or by letter whatever its case. Null for a name that is none of them. */
export function scenarioOf(name: string): Scenario | null {
  const wanted = name.trim().toLowerCase();
  return (
    SCENARIOS.find(({ slug, letter }) => slug === wanted || letter?.toLowerCase() === wanted) ??
    null
  );
}
