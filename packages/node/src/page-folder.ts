/** Where the build has put the page: beside this package's code, which lies in `src` or in `dist`. */
export const pageFolder: URL = new URL('../dist/web/', import.meta.url);
