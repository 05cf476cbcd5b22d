// The machine's clock, the one place where time is taken from the air.

import type { Clock } from '#application/ports.ts';

export const systemClock: Clock = { now: () => new Date() };
