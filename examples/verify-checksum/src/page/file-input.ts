import { elementById } from './elements.js';

/** Hears of every file that is chosen, or dropped anywhere on the page. */
export function listenForFiles(onFile: (file: File) => void): void {
  const input = elementById('file', HTMLInputElement);
  const zone = elementById('drop-zone', HTMLElement);
  // So that the same file can be chosen again, after it was changed.
  input.addEventListener('click', () => {
    input.value = '';
  });
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    if (file !== undefined) onFile(file);
  });
  const setOver = (isOver: boolean): void => {
    zone.toggleAttribute('data-over', isOver);
  };
  document.addEventListener('dragover', (event) => {
    if (event.dataTransfer?.types.includes('Files') !== true) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
    setOver(true);
  });
  document.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) setOver(false);
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    setOver(false);
    const files = event.dataTransfer?.files;
    const file = files?.[0];
    if (files === undefined || file === undefined) return;
    // The field shows the name.
    input.files = files;
    onFile(file);
  });
}
