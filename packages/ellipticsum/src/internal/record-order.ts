/**
 * Records in the order of their groups, or undefined if they are in it already. The order within a group is kept. Cut in this order, a group
 * lies in as few slices as it can.
 */
export function recordOrder(groups: Uint32Array, groupCount: number): Uint32Array | undefined {
  let isOrdered = true;
  for (let index = 1; index < groups.length && isOrdered; index++) {
    isOrdered = (groups[index - 1] as number) <= (groups[index] as number);
  }
  if (isOrdered) return undefined;
  const next = new Uint32Array(groupCount + 1);
  for (const group of groups) next[group + 1] = (next[group + 1] as number) + 1;
  for (let group = 0; group < groupCount; group++) {
    next[group + 1] = (next[group + 1] as number) + (next[group] as number);
  }
  const order = new Uint32Array(groups.length);
  for (let index = 0; index < groups.length; index++) {
    const group = groups[index] as number;
    const place = next[group] as number;
    order[place] = index;
    next[group] = place + 1;
  }
  return order;
}
