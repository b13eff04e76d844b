import { z } from 'zod';
import { firmwares } from '../boot/firmware.ts';

export { type Firmware, firmwares } from '../boot/firmware.ts';

/** How far a throw-away copy of an image came. */
export const bootCheckSchema = z.object({
  build: z.string(),
  state: z.enum(['waiting', 'booting', 'done']),
  verdict: z
    .enum(['booted', 'failed', 'unclear'])
    .nullable()
    .describe('Unclear: nothing told how far the boot had come; the screenshot may'),
  why: z.string().nullable(),
  seconds: z.number().nullable(),
  screenshot: z.boolean().describe('Whether there is a screenshot'),
});

export type BootCheck = z.infer<typeof bootCheckSchema>;

/** An image that a person has booted to look at. */
export const liveBootSchema = z.object({
  id: z.string(),
  build: z.string(),
  artifact: z.string(),
  firmware: z.enum(firmwares),
  startedAt: z.iso.datetime(),
  ended: z.string().nullable().describe('Why it ended, once it has'),
});

export type LiveBoot = z.infer<typeof liveBootSchema>;
