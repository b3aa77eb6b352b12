import { type Expectation, parseExpectation } from '../core/expectation.js';
import { errorText } from '../core/wording.js';
import { elementById, showText } from './elements.js';

/** The field for the checksum that somebody expects. */
export class ExpectedField {
  readonly #input = elementById('expected', HTMLInputElement);
  readonly #error = elementById('expected-error', HTMLElement);

  constructor(onChange: () => void) {
    this.#input.addEventListener('input', onChange);
  }

  /** What is expected; undefined, and said why, if that is nothing or no checksum. */
  read(): Expectation | undefined {
    const text = this.#input.value.trim();
    let error = '';
    let expectation: Expectation | undefined;
    try {
      expectation = text === '' ? undefined : parseExpectation(text);
    } catch (cause) {
      error = errorText(cause);
    }
    if (error === '') this.#input.removeAttribute('aria-invalid');
    else this.#input.setAttribute('aria-invalid', 'true');
    showText(this.#error, error);
    return expectation;
  }
}
