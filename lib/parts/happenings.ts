// What is published on diagnostics channels, because no caller gets to know it otherwise.

import { type Channel, channel } from 'node:diagnostics_channel'

/** Kept, because when Node 20 collects a channel, it forgets the next one of that name, and its subscribers. */
const channels = new Map<string, Channel>()

export function happened(name: `holdfast:${string}`, message: object): void {
  const one = channels.get(name) ?? channel(name)
  channels.set(name, one)
  if (one.hasSubscribers) one.publish(message)
}
