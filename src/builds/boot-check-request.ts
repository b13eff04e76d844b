import { z } from 'zod';

/** How a copy of an image is booted to see whether it comes up. */
export const bootCheckRequest = z
  .strictObject({
    pattern: z
      .string()
      .min(1)
      .max(200)
      .refine(isPattern, 'must be a regular expression')
      .optional()
      .describe(
        'What the serial console must print (default: a login prompt, or word that the system is up)',
      ),
    limit: z.number().int().min(10).max(86_400).optional().describe('Seconds that the boot may take'),
  })
  .describe('Boot a throw-away copy of the image when it is built, and say whether it came up');

export type BootCheckOptions = z.infer<typeof bootCheckRequest>;

function isPattern(source: string): boolean {
  try {
    new RegExp(source, 'm');
    return true;
  } catch {
    return false;
  }
}
