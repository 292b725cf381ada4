import type { MachineOptions } from './machine.ts';

const accounts = { 'office@velosi.example': 'abcdefghijklmnop', apikey: 'SG.key' };

const configuration = `primary_hostname = web1.shop.example
domainlist local_domains = @ : localhost
hostlist relay_from_hosts = 127.0.0.1
local_interfaces = 127.0.0.1.25 : 127.0.0.1.587
daemon_smtp_ports = 25 : 587
acl_smtp_rcpt = acl_check_rcpt
message_size_limit = 30M
keep_environment =

begin acl
acl_check_rcpt:
  accept hosts = : +relay_from_hosts
  deny message = relay not permitted

begin routers
by_sender:
  driver = manualroute
  domains = ! +local_domains
  address_data = \${lookup{$sender_address}nwildlsearch{/etc/exim4/logins}{$value}fail}
  route_list = * smtp.gmail.com::587 byname
  transport = with_login

everything_else:
  driver = manualroute
  domains = ! +local_domains
  address_data = apikey
  route_list = * smtp.sendgrid.net::587 byname
  transport = with_login

begin transports
with_login:
  driver = smtp
  hosts_require_auth = *
  hosts_require_tls = *
  tls_verify_hosts = *

begin retry
* * F,2h,15m; G,16h,1h,1.5; F,4d,6h

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  client_send = ^$address_data^\${lookup{$address_data}lsearch{/etc/exim4/passwords}{$value}fail}
`;

/** Debian's Exim with two accounts, as the guide has it, and three messages that wait. */
export const exim: MachineOptions = {
  programs: ['exim'],
  providers: ['smtp.gmail.com', 'smtp.sendgrid.net'],
  accounts,
  files: {
    '/etc/exim4/exim4.conf 0640': configuration,
    '/etc/exim4/logins 0640': '*@velosi.example: office@velosi.example\n',
    '/etc/exim4/passwords 0640': 'office@velosi.example: abcdefghijklmnop\napikey: SG.key\n',
  },
  prepare: `
install -d -o Debian-exim -g adm -m 2750 /var/log/exim4
install -d -o Debian-exim -g Debian-exim -m 750 /var/spool/exim4 /var/lib/exim4
chgrp -R Debian-exim /etc/exim4
systemctl start exim4
until grep -q 'End queue run' /var/log/exim4/mainlog; do sleep 0.1; done
send() { printf 'From: <%s>\\nTo: <%s>\\nSubject: %s\\n\\nhello\\n' "$1" "$2" "$3" | exim4 -odq -f "$1" "$2"; }
send office@velosi.example ada@dest.example 'order 1001'
send news@shop.example bob@dest.example 'spring catalogue'
send office@velosi.example carl@gone.example 'order 1002'
exim4 -Mf "$(exiqgrep -i -r carl@gone.example)"
`,
};

/** Debian's Postfix with an account for each sender and one message that waits. */
export const postfix: MachineOptions = {
  programs: [],
  providers: ['smtp.gmail.com', 'smtp.sendgrid.net'],
  accounts,
  files: {
    '/etc/postfix/main.cf': `compatibility_level = 3.6
myhostname = web1.shop.example
mydestination = localhost
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relayhost = [smtp.sendgrid.net]:587
sender_dependent_relayhost_maps = texthash:/etc/postfix/sender_relay
smtp_sasl_auth_enable = yes
smtp_sasl_security_options = noanonymous
smtp_sasl_password_maps = texthash:/etc/postfix/sasl_passwd
smtp_sender_dependent_authentication = yes
smtp_tls_security_level = encrypt
smtp_host_lookup = native
smtp_dns_support_level = disabled
maximal_queue_lifetime = 2d
alias_maps =
maillog_file = /var/log/mail.log
`,
    '/etc/postfix/sender_relay': '@velosi.example [smtp.gmail.com]:587\n',
    '/etc/postfix/sasl_passwd 0600':
      '@velosi.example office@velosi.example:abcdefghijklmnop\n[smtp.sendgrid.net]:587 apikey:SG.key\n',
  },
  prepare: `
sed -i -e 's/^smtp  *inet .*/127.0.0.1:25 inet n - n - - smtpd\\n127.0.0.1:587 inet n - n - - smtpd/' -e '/^[a-z0-9]* *unix/s/ y / n /' /etc/postfix/master.cf
grep -q postlogd /etc/postfix/master.cf || echo 'postlog unix-dgram n - n - 1 postlogd' >>/etc/postfix/master.cf
postfix set-permissions >/dev/null 2>&1 || true
systemctl start postfix
postconf -e defer_transports=smtp
postfix reload
printf 'Subject: order 1001\\n\\nhello\\n' | /usr/sbin/sendmail -f office@velosi.example ada@dest.example
until mailq | grep -q 'deferred transport'; do sleep 0.1; done
`,
};

/** msmtp as every app's sendmail, with two accounts. */
export const msmtp: MachineOptions = {
  programs: ['nullmailer'],
  providers: ['smtp.gmail.com', 'smtp.sendgrid.net'],
  accounts,
  files: {
    '/etc/msmtprc': `defaults
auth on
tls on
tls_trust_file /etc/ssl/certs/ca-certificates.crt

account gmail
host smtp.gmail.com
port 587
from *@velosi.example
user office@velosi.example
password abcdefghijklmnop

account sendgrid
host smtp.sendgrid.net
port 587
from *@shop.example
user apikey
password SG.key

account default : sendgrid
`,
    '/etc/nullmailer/remotes 0640':
      'smtp.sendgrid.net smtp port=587 starttls user=apikey pass=SG.key\n',
  },
  prepare: `
id mail >/dev/null
chown mail:mail /etc/nullmailer/remotes
install -d -o mail -g mail /var/spool/nullmailer /var/spool/nullmailer/queue /var/spool/nullmailer/tmp /var/spool/nullmailer/failed
mkfifo /var/spool/nullmailer/trigger
chown mail:mail /var/spool/nullmailer/trigger
systemctl start nullmailer
`,
};

const cpanelTemplate = `primary_hostname = web1.shop.example
domainlist local_domains = @ : localhost
hostlist relay_from_hosts = 127.0.0.1
local_interfaces = 127.0.0.1.25 : 127.0.0.1.465 : 127.0.0.1.587
daemon_smtp_ports = 25 : 465 : 587
tls_on_connect_ports = 465
acl_smtp_rcpt = acl_check_rcpt
keep_environment =

begin acl
acl_check_rcpt:
  accept hosts = : +relay_from_hosts
  deny message = relay not permitted

begin routers
@POSTMAILCOUNT@
lookuphost:
  driver = dnslookup
  domains = ! +local_domains
  transport = remote_smtp

begin transports
@TRANSPORTSTART@
remote_smtp:
  driver = smtp

begin retry
* * F,2h,15m; G,16h,1h,1.5; F,4d,8h

begin authenticators
@AUTH@
`;

/** Puts each section of exim.conf.local into the template, as cPanel's script of that name does. */
const build = `#!/bin/sh
set -e
awk 'NR == FNR { if (/^@.*@$/) { name = $0 } else { text[name] = text[name] $0 "\\n" } next }
  /^@.*@$/ { printf "%s", text[$0]; next } { print }' /etc/exim.conf.local /etc/exim.conf.template >/etc/exim4/exim4.conf
chgrp Debian-exim /etc/exim4/exim4.conf
`;

/** Exim on cPanel's ports, its configuration built from sections, and the firewall as SMTP Restrictions make it. */
export const cpanel: MachineOptions = {
  programs: ['exim', 'firewall'],
  providers: ['smtp.gmail.com', 'smtp.sendgrid.net'],
  accounts,
  files: {
    '/etc/exim.conf.template': cpanelTemplate,
    '/etc/exim.conf.local': `@AUTH@
via_account:
  driver = plaintext
  public_name = LOGIN
  hide client_send = : \${extract{user}{\${lookup{$sender_address}lsearch*@{/etc/exim_relays}{$value}fail}}} : \${extract{pass}{\${lookup{$sender_address}lsearch*@{/etc/exim_relays}{$value}fail}}}

@POSTMAILCOUNT@
send_via_account:
  driver = manualroute
  domains = ! +local_domains
  address_data = \${lookup{$sender_address}lsearch*@{/etc/exim_relays}{$value}fail}
  route_data = \${extract{host}{$address_data}}
  transport = via_account

@TRANSPORTSTART@
via_account:
  driver = smtp
  hosts_require_auth = *
  hosts_require_tls = *

`,
    '/etc/exim_relays': `*@velosi.example: host=smtp.gmail.com::587 user=office@velosi.example pass=abcdefghijklmnop
*@shop.example: host=smtp.sendgrid.net::587 user=apikey pass=SG.key
`,
    '/usr/local/cpanel/scripts/buildeximconf 0755': build,
    '/usr/local/cpanel/scripts/restartsrv_exim 0755': '#!/bin/sh\nsystemctl restart exim4\n',
  },
  prepare: `
install -d -o Debian-exim -g adm -m 2750 /var/log/exim4
install -d -o Debian-exim -g Debian-exim -m 750 /var/spool/exim4 /var/lib/exim4
/usr/local/cpanel/scripts/buildeximconf
systemctl start exim4
ln -s xtables-nft-multi /usr/sbin/iptables
rule() { iptables -t nat -A OUTPUT -p tcp -m multiport --dports 25,465,587 "$@"; }
rule -m owner --gid-owner Debian-exim -j RETURN
rule -m owner --gid-owner mail -j RETURN
rule -m owner --uid-owner 0 -j RETURN
rule -j REDIRECT
`,
};
