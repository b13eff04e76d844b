import { type Firmware, firmwares } from '../../boot/firmware.ts';
import type { BootChoices } from '../../builds/boot-order.ts';

interface BootChoicesProps {
  /** The artifacts that a machine boots. */
  images: readonly string[];
  choices: BootChoices;
  choose: (choices: BootChoices) => void;
}

export const firmwareNames: Record<Firmware, string> = { bios: 'BIOS', uefi: 'UEFI' };

/** How an image is booted when it is looked at: folded away, since it says so itself. */
export function BootChoiceFields({ images, choices, choose }: BootChoicesProps) {
  return (
    <details class="boot-choices">
      <summary>How to boot it</summary>
      <div class="fields">
        {images.length > 1 && (
          <div class="field">
            <label for="boot-image">Image</label>
            <select
              id="boot-image"
              value={choices.artifact ?? images[0]}
              onChange={(event) => choose({ ...choices, artifact: event.currentTarget.value })}
            >
              {images.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </div>
        )}
        <div class="field">
          <label for="boot-firmware">Firmware</label>
          <select
            id="boot-firmware"
            value={choices.firmware ?? ''}
            onChange={(event) =>
              choose({ ...choices, firmware: firmwares.find((each) => each === event.currentTarget.value) })
            }
          >
            <option value="">As the image wants it</option>
            {firmwares.map((firmware) => (
              <option key={firmware} value={firmware}>
                {firmwareNames[firmware]}
              </option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for="boot-memory">Memory</label>
          <select
            id="boot-memory"
            value={choices.memory ?? ''}
            onChange={(event) =>
              choose({ ...choices, memory: Number(event.currentTarget.value) || undefined })
            }
          >
            <option value="">2 GiB</option>
            <option value={1024}>1 GiB</option>
            <option value={4096}>4 GiB</option>
            <option value={8192}>8 GiB</option>
          </select>
        </div>
      </div>
    </details>
  );
}
