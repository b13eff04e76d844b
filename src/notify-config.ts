import { resolve } from 'node:path';
import { z } from 'zod';
import { durationSetting } from './limits.ts';

const secret = z.string().min(16, 'must have at least 16 characters').optional();

/** The settings of the inbox, webhooks and metrics, for `readConfig`. */
export const notifySettings = {
  NEXUS_INBOX: z.string().min(1).optional(),
  NEXUS_INBOX_SETTLE: durationSetting.default(2),
  NEXUS_WEBHOOK_URL: z.url({ protocol: /^https?$/ }).optional(),
  NEXUS_WEBHOOK_SECRET: secret,
  NEXUS_METRICS_TOKEN: secret,
};

type Settings = z.output<z.ZodObject<typeof notifySettings>>;

export interface NotifyConfig {
  /** Folder in which what is dropped becomes a build. */
  inbox: string | undefined;
  /** Whether that folder was named, and is no mere default. */
  inboxNamed: boolean;
  inboxSettleMs: number;
  webhook: { url: string; secret: string | undefined } | undefined;
  metricsToken: string | undefined;
}

export function notifyOf(settings: Settings, directory: string): NotifyConfig {
  const { NEXUS_INBOX: inbox, NEXUS_WEBHOOK_URL: url } = settings;
  return {
    inbox: inbox === 'none' ? undefined : resolve(directory, inbox ?? 'inbox'),
    inboxNamed: inbox !== undefined,
    inboxSettleMs: settings.NEXUS_INBOX_SETTLE * 1000,
    webhook: url === undefined ? undefined : { url, secret: settings.NEXUS_WEBHOOK_SECRET },
    metricsToken: settings.NEXUS_METRICS_TOKEN,
  };
}
