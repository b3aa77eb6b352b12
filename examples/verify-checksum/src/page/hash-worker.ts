/** The workers of the page: each runs this module. */
import '@hs/ellipticsum/browser-worker';
