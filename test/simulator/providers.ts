import { cpanel } from './providers/cpanel.ts';
import { gmail } from './providers/gmail.ts';
import { mailgun } from './providers/mailgun.ts';
import { microsoft365 } from './providers/microsoft365.ts';
import { sendgrid } from './providers/sendgrid.ts';
import { ses } from './providers/ses.ts';

export const PROVIDERS = { gmail, ses, sendgrid, mailgun, microsoft365, cpanel } as const;
export type ProviderName = keyof typeof PROVIDERS;
