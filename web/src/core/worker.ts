/** The worker: see `auditor.ts` for what it answers. */
export {}
