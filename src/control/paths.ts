/** Where things are unless the command line or relay.yaml says otherwise. */
export const defaultConfigFile = '/etc/relayd/relay.yaml';
export const defaultControlSocket = '/run/relayd/control.sock';
export const defaultQueueDirectory = '/var/lib/relayd';
