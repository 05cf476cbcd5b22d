// The advisory locks by which worker processes show that they live. Each holds
// (WORKER_LOCK_CLASS, hashtext(id)) on a connection of its own for its id and its Graphile pools;
// Postgres drops them the moment the process dies. Written down here because two neighbours must
// agree on it: who takes the locks (worker/life-lock.ts) and who looks whether they are held.

export const WORKER_LOCK_CLASS = 7301;
