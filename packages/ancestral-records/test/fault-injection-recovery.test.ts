import { recoveryJobs } from './support/fault-jobs.js';
import { describeFaults, expectNoUnhandledRejections } from './support/fault-suite.js';

expectNoUnhandledRejections();
describeFaults(recoveryJobs, { writes: 8, otherWrites: 2, reads: 3 });
