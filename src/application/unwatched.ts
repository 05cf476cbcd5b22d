// Nobody watches: what use cases work with where no telemetry was started, in tests and commands. The
// work is done as it is, and nothing is measured.

import type { Measures, Trace } from './ports.ts';

export const untraced: Trace = {
  span: (_name, _about, work) => work({ tell() {} }),
  place: () => null,
  apart: (work) => work(),
};

export const unmeasured: Measures = {
  attempted() {},
  interrupted() {},
};
