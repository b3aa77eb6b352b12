import { recoveryJobs } from './support/fault-jobs.js';
import { describeFaults, expectNoUnhandledRejections } from './support/fault-suite.js';

expectNoUnhandledRejections();
describeFaults(recoveryJobs, { writes: 4, otherWrites: 1, reads: 1 });
