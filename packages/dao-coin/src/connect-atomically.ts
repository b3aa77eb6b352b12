import { OverlayView } from './internal/overlay-view.js';
import type { StateView } from './state-view.js';
import { type DaoCoinUndo, maxAtomicConnects } from './undo.js';

/**
 * Makes one connect of several, each of which sees what those before it did: all of them happen, or none.
 *
 * `view` sees nothing before the last one has succeeded. With it, an approval service passes coins from a holder to the
 * profile's owner and on to the recipient, although only transfers from and to the owner are allowed (DIP-7).
 *
 * @throws what the first failing connect throws; the view is unchanged then
 * @throws RangeError on more than 32 connects
 */
export async function connectAtomically(
  view: StateView,
  connects: readonly ((view: StateView) => Promise<DaoCoinUndo>)[],
): Promise<DaoCoinUndo> {
  if (connects.length > maxAtomicConnects) throw new RangeError(`expected at most ${maxAtomicConnects} connects`);
  const overlay = new OverlayView(view);
  for (const connect of connects) overlay.add(await connect(overlay));
  return overlay.apply();
}
