/** How an app reaches the relay. */
export interface AppLogin {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  /** Letters and digits only. */
  readonly password: string;
  readonly from: string;
}

interface Framework {
  readonly title: string;
  readonly lines: (login: AppLogin) => readonly string[];
}

const FRAMEWORKS: Readonly<Record<string, Framework>> = {
  django: {
    title: 'Django, in settings.py',
    lines: ({ host, port, username, password, from }) => [
      `EMAIL_HOST = '${host}'`,
      `EMAIL_PORT = ${port}`,
      `EMAIL_HOST_USER = '${username}'`,
      `EMAIL_HOST_PASSWORD = '${password}'`,
      'EMAIL_USE_TLS = False  # the relay is on this machine',
      `DEFAULT_FROM_EMAIL = '${from}'`,
    ],
  },
  laravel: {
    title: 'Laravel, in .env',
    lines: ({ host, port, username, password, from }) => [
      'MAIL_MAILER=smtp',
      `MAIL_HOST=${host}`,
      `MAIL_PORT=${port}`,
      `MAIL_USERNAME=${username}`,
      `MAIL_PASSWORD=${password}`,
      'MAIL_ENCRYPTION=null',
      `MAIL_FROM_ADDRESS=${from}`,
    ],
  },
  nodemailer: {
    title: 'Node.js with nodemailer',
    lines: ({ host, port, username, password, from }) => [
      'const transport = nodemailer.createTransport({',
      `  host: '${host}', port: ${port}, secure: false, ignoreTLS: true,`,
      `  auth: { user: '${username}', pass: '${password}' },`,
      '});',
      `await transport.sendMail({ from: '${from}', to, subject, text });`,
    ],
  },
  rails: {
    title: 'Rails, in config/environments/production.rb',
    lines: ({ host, port, username, password, from }) => [
      'config.action_mailer.delivery_method = :smtp',
      'config.action_mailer.smtp_settings = {',
      `  address: '${host}', port: ${port}, user_name: '${username}', password: '${password}',`,
      '  authentication: :plain, enable_starttls: false',
      '}',
      `config.action_mailer.default_options = { from: '${from}' }`,
    ],
  },
  php: {
    title: 'PHP with PHPMailer',
    lines: ({ from, ...login }) => [
      '$mail = new PHPMailer\\PHPMailer\\PHPMailer(true);',
      '$mail->isSMTP();',
      ...phpMailer('$mail', login),
      `$mail->setFrom('${from}');`,
    ],
  },
  wordpress: {
    title: 'WordPress, as wp-content/mu-plugins/relay.php',
    lines: ({ from, ...login }) => [
      '<?php',
      "add_action('phpmailer_init', function ($mail) {",
      '    $mail->isSMTP();',
      ...phpMailer('$mail', login).map((line) => `    ${line}`),
      '});',
      `add_filter('wp_mail_from', function () { return '${from}'; });`,
    ],
  },
  python: {
    title: 'Python with smtplib',
    lines: ({ host, port, username, password, from }) => [
      `with smtplib.SMTP('${host}', ${port}) as relay:`,
      `    relay.login('${username}', '${password}')`,
      `    relay.send_message(message, from_addr='${from}')`,
    ],
  },
  msmtp: {
    title: 'cron, mail and scripts, through msmtp: /etc/msmtprc, mode 0640',
    lines: ({ host, port, username, password, from }) => [
      'account default',
      `host ${host}`,
      `port ${port}`,
      'auth plain',
      'tls off',
      `user ${username}`,
      `password ${password}`,
      `from ${from}`,
    ],
  },
};

function phpMailer(
  variable: string,
  { host, port, username, password }: Omit<AppLogin, 'from'>,
): string[] {
  return [
    `${variable}->Host = '${host}';`,
    `${variable}->Port = ${port};`,
    `${variable}->SMTPAuth = true;`,
    `${variable}->Username = '${username}';`,
    `${variable}->Password = '${password}';`,
    `${variable}->SMTPAutoTLS = false;`,
  ];
}

export const frameworkNames: readonly string[] = Object.keys(FRAMEWORKS);

/** What to paste; null for an unknown framework. */
export function snippet(
  framework: string,
  login: AppLogin,
): { readonly title: string; readonly text: string } | null {
  const found = Object.hasOwn(FRAMEWORKS, framework) ? FRAMEWORKS[framework] : undefined;
  if (found === undefined) return null;
  return {
    title: found.title,
    text: found
      .lines(login)
      .map((line) => `${line}\n`)
      .join(''),
  };
}
