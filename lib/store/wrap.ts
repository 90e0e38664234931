import { newLife } from '../parts/life.js'
import type { Store } from './contract.js'
import type { Inner } from './inner.js'
import { storeOver } from './open.js'

interface Changes extends Partial<Pick<Inner<never>, 'backing' | 'reads' | 'writes' | 'isDue' | 'note'>> {
  /** The key by which the store below knows a key, for what it counts. @default the same */
  readonly nameBelow?: (key: string) => string
  /** @default that of the key below */
  readonly identityOf?: Inner<never>['identityOf']
}

/** Makes a store of what is behind another one. To close it gives back what was taken through it, and leaves that open. */
export function wrap<T>(below: Inner<T>, { nameBelow, ...changes }: Changes): Store<T> {
  const named = nameBelow && {
    isDue: (key: string) => below.isDue(nameBelow(key)),
    note: (happening: Parameters<Inner<T>['note']>[0], key: string) => below.note(happening, nameBelow(key)),
    identityOf: (key: string) => below.identityOf(nameBelow(key)),
  }
  return storeOver({ ...below, ...named, ...changes, life: newLife(below.life) })
}
