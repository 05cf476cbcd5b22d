// Metrics by OpenTelemetry. Durations are histograms in seconds, as its conventions ask, so that
// their counts are the rates: prints a second, attempts a second. What waits in the tables is asked
// for at each export and never counted along the way, where a crash would leave it wrong.

import { type Attributes, type Histogram, metrics } from '@opentelemetry/api';
import { type ProgramMeasures, QUEUES, type QueueFigures } from './telemetry.ts';

/** From five milliseconds to six hours: a healthy minute must be as visible as a bad night. */
const DELAYS_S = [0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300, 1_800, 3_600, 21_600];
const CALLS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const WAITS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** To be called after the SDK has started. */
export function otelMeasures(onFault: (error: unknown) => void): ProgramMeasures {
  const meter = metrics.getMeter('comptappart');
  const seconds = (name: string, description: string, boundaries: number[]): Histogram =>
    meter.createHistogram(name, {
      description,
      unit: 's',
      advice: { explicitBucketBoundaries: boundaries },
    });
  const delay = seconds(
    'comptappart.first_attempt.delay',
    'From the payment at Stripe to the first attempt to deliver',
    DELAYS_S,
  );
  const attempt = seconds('comptappart.attempt.duration', 'Attempts on record', CALLS_S);
  const print = seconds('comptappart.print.duration', 'Printing one document', CALLS_S);
  const number = seconds(
    'comptappart.invoice_number.wait.duration',
    'Waiting for the counter of invoice numbers',
    WAITS_S,
  );
  const webhook = seconds('comptappart.webhook.duration', 'Answers to Stripe', CALLS_S);
  const interruptions = meter.createCounter('comptappart.interruptions', {
    description: 'Attempts and prints that we cut short',
    unit: '{interruption}',
  });
  const alerts = meter.createCounter('comptappart.alerts', {
    description: 'Transitions that need a person',
    unit: '{alert}',
  });
  const holders = meter.createCounter('comptappart.workers.lost', {
    description: 'Locks of life found gone while their work was not',
    unit: '{holder}',
  });
  return {
    attempted({ channel, outcome, durationMs, afterPaymentMs }) {
      const of = { 'comptappart.channel': channel };
      attempt.record(durationMs / 1000, { ...of, 'comptappart.attempt.outcome': outcome });
      if (afterPaymentMs !== null) delay.record(Math.max(0, afterPaymentMs) / 1000, of);
    },
    interrupted: (what) => interruptions.add(1, { 'comptappart.work': what }),
    answered: (statusCode, durationMs) =>
      webhook.record(durationMs / 1000, { 'http.response.status_code': statusCode }),
    printed: (outcome, durationMs) =>
      print.record(durationMs / 1000, { 'comptappart.print.outcome': outcome }),
    numberWaited: (durationMs) => number.record(durationMs / 1000),
    alerted: (kind) => alerts.add(1, { 'comptappart.alert': kind }),
    holdersLost: (count) => holders.add(count),
    watchQueues: (look) => watchQueues(look, onFault),
  };
}

// One look for all gauges.
function watchQueues(
  look: () => Promise<QueueFigures>,
  onFault: (error: unknown) => void,
): () => void {
  const meter = metrics.getMeter('comptappart');
  const due = meter.createObservableGauge('comptappart.queue.due', {
    description: 'Work that could be done now and waits',
    unit: '{item}',
  });
  const oldest = meter.createObservableGauge('comptappart.queue.oldest_due.age', {
    description: 'How long the longest due has waited',
    unit: 's',
  });
  const quarantined = meter.createObservableGauge('comptappart.quarantined', {
    description: 'What waits for a person',
    unit: '{item}',
  });
  const instruments = [due, oldest, quarantined];
  type Result = {
    observe(metric: (typeof instruments)[number], value: number, attributes: Attributes): void;
  };
  const observe = async (result: Result): Promise<void> => {
    try {
      const figures = await look();
      for (const kind of QUEUES) {
        const of = { 'comptappart.work': kind };
        result.observe(due, figures[kind].due, of);
        result.observe(oldest, figures[kind].oldestMs / 1000, of);
      }
      const { payments, notifications } = figures.quarantined;
      result.observe(quarantined, payments, { 'comptappart.work': 'payment' });
      result.observe(quarantined, notifications, { 'comptappart.work': 'notification' });
    } catch (error) {
      onFault(error); // a gap in the curve says it, too
    }
  };
  meter.addBatchObservableCallback(observe, instruments);
  return () => meter.removeBatchObservableCallback(observe, instruments);
}
