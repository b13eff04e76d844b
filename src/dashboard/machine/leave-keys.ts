/** What of a key event tells whether it is the sign. */
export interface KeyStroke {
  type: string;
  /** The key by its place, such as `ControlLeft`. */
  code: string;
  ctrlKey: boolean;
  altKey: boolean;
  repeat: boolean;
}

/** Not the right Alt: it is AltGr on many keyboards, and Windows tells of that as Ctrl and Alt. */
const signKeys = ['ControlLeft', 'ControlRight', 'AltLeft'];

/**
 * The way out of a machine that takes every key: Ctrl and Alt pressed and let go together, with nothing else, as in
 * virt-manager and QEMU. With another key (Ctrl-Alt-F2) they are the machine's.
 */
export class LeaveKeys {
  #isArmed = false;

  /** Whether this key was the last of the sign. */
  sees({ type, code, ctrlKey, altKey, repeat }: KeyStroke): boolean {
    const isSignKey = signKeys.includes(code);
    if (type === 'keydown') {
      if (!repeat || !isSignKey) this.#isArmed = isSignKey && ctrlKey && altKey;
      return false;
    }
    const isSign = this.#isArmed && isSignKey;
    this.#isArmed = false;
    return isSign;
  }
}
