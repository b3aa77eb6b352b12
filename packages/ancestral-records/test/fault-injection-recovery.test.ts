import { recoveryJobs } from './support/fault-jobs.js';
import { describeFaults, expectNoUnhandledRejections } from './support/fault-suite.js';

expectNoUnhandledRejections();
describeFaults(recoveryJobs, { writes: 15, otherWrites: 2, reads: 5 });
