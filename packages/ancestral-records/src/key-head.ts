/** How many heads there are. */
export const heads: number = 2 ** 48;

/** The first six bytes of a key, one character each, as a number that orders keys as they do, if they differ there. */
export function headOf(text: string): number {
  let head = 0;
  for (let i = 0; i < 6; i++) head = head * 256 + (i < text.length ? text.charCodeAt(i) : 0);
  return head;
}
