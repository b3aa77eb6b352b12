import { describeFaults, expectNoUnhandledRejections } from './support/fault-suite.js';
import { unprovedJobs } from './support/unproved-jobs.js';

expectNoUnhandledRejections();
describeFaults(unprovedJobs, { writes: 6, otherWrites: 2, reads: 2 });
