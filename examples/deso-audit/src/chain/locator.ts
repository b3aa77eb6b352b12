/**
 * Heights whose hashes make up a locator, newest first: the tip and the ones before it one by one, then ever larger steps, and genesis. A
 * node answers with what follows the first of them that it knows.
 */
export function locatorHeights(tip: number): number[] {
  const heights: number[] = [];
  let step = 1;
  for (let height = tip; height > 0; height -= step) {
    heights.push(height);
    if (heights.length > 11) step *= 2;
  }
  return [...heights, 0];
}
