/** Small parts that every page is made of. */

import type { IconNode } from 'lucide'
import type { ComponentChildren, JSX, TargetedEvent } from 'preact'
import { h } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { CircleAlert, CircleCheck, Info, TriangleAlert, X } from 'lucide'
import { dismiss, messages } from './session'
import type { Message } from './session'
import { t } from './strings'
import { brief } from './text'

/** A drawing beside words; never the only thing that tells something. */
export function Icon({ of, size = 20 }: { of: IconNode; size?: number }): JSX.Element {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
      {of.map(([tag, attributes], i) => h(tag, { ...attributes, key: i }))}
    </svg>
  )
}

/** Whether work that the user asked for goes on, and a way to begin some: none begins before the last has ended. */
export function useBusy(): [boolean, (work: () => Promise<unknown>) => Promise<void>] {
  const [busy, setBusy] = useState(false)
  const underway = useRef(false) // a second Enter comes before the page is drawn anew
  const during = async (work: () => Promise<unknown>): Promise<void> => {
    if (underway.current) return
    underway.current = true
    setBusy(true)
    try {
      await work()
    } finally {
      underway.current = false
      setBusy(false)
    }
  }
  return [busy, during]
}

interface ButtonProps {
  label: string
  icon?: IconNode
  kind?: 'primary' | 'plain' | 'danger'
  /** Show the icon alone; the label is read out and shown as a tip. */
  bare?: boolean
  pressed?: boolean
  disabled?: boolean
  busy?: boolean
  hint?: string
  class?: string
  /** The button is busy until what it promises is done. */
  onClick: () => void | Promise<void>
}

export function Button({ label, icon, kind = 'plain', bare, pressed, disabled, hint, class: extra = '', onClick, ...props }: ButtonProps): JSX.Element {
  const [underway, during] = useBusy()
  const busy = props.busy || underway
  const press = (): void => {
    const work = onClick()
    if (work) void during(() => work)
  }
  return (
    <button
      type="button"
      class={`button ${kind} ${bare ? 'bare' : ''} ${extra}`}
      aria-label={bare ? label : undefined}
      aria-pressed={pressed}
      aria-busy={busy || undefined}
      title={hint ?? (bare ? label : undefined)}
      disabled={disabled || busy}
      onClick={press}
    >
      {busy ? <Spinner /> : icon && <Icon of={icon} />}
      {!bare && <span>{label}</span>}
    </button>
  )
}

export function Spinner(): JSX.Element {
  return <span class="spinner" aria-hidden="true" />
}

/** What the user waits for. */
export function Waiting({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <p class="waiting" role="status">
      <Spinner /> {children}
    </p>
  )
}

/** A button that lets the user choose a file; works by keyboard like any other. */
export function FileButton(props: {
  label: string
  icon?: IconNode
  accept: string
  kind?: 'primary' | 'plain'
  disabled?: boolean
  busy?: boolean
  class?: string
  onFile: (file: File) => void
}): JSX.Element {
  const input = useRef<HTMLInputElement>(null)
  const take = (event: TargetedEvent<HTMLInputElement>): void => {
    const file = event.currentTarget.files?.[0]
    event.currentTarget.value = '' // the same file may be chosen again
    if (file) props.onFile(file)
  }
  return (
    <>
      <Button label={props.label} icon={props.icon} kind={props.kind} disabled={props.disabled} busy={props.busy} class={props.class} onClick={() => input.current?.click()} />
      <input ref={input} type="file" accept={props.accept} aria-label={props.label} hidden onChange={take} />
    </>
  )
}

const SIGNS: Record<Message['kind'], IconNode> = { info: Info, success: CircleCheck, warning: TriangleAlert, error: CircleAlert }

/** A line that tells the user something, with what can be done about it. */
export function Notice({ kind, children, onClose }: { kind: Message['kind']; children: ComponentChildren; onClose?: () => void }): JSX.Element {
  return (
    <div class={`notice ${kind}`}>
      <Icon of={SIGNS[kind]} />
      <div class="notice-text">{children}</div>
      {onClose && <Button label={t('app.dismiss')} icon={X} bare onClick={onClose} />}
    </div>
  )
}

/** What the user was told last; read out as it comes. */
export function Messages(): JSX.Element {
  return (
    <div class="messages" role="status" aria-live="polite">
      {messages.value.map((message) => (
        <Passing key={message.id} message={message} />
      ))}
    </div>
  )
}

function Passing({ message }: { message: Message }): JSX.Element {
  const { id, kind, text, action, fades } = message
  useEffect(() => {
    if (!fades) return
    const timer = setTimeout(() => dismiss(id), fades)
    return () => clearTimeout(timer)
  }, [id])
  return (
    <Notice kind={kind} onClose={() => dismiss(id)}>
      <span>{text}</span>
      {action && (
        <Button
          label={action.label}
          onClick={() => {
            dismiss(id)
            action.run()
          }}
        />
      )}
    </Notice>
  )
}

/** A question that must be answered first. `null` children close it; while `busy`, the user cannot. */
export function Dialog({ title, busy, children, onClose }: { title: string; busy?: boolean; children: ComponentChildren; onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const element = dialog.current
    if (element && !element.open) element.showModal()
    return () => element?.close()
  }, [])
  const cancel = (event: Event): void => {
    if (busy) event.preventDefault()
    else onClose()
  }
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={cancel}
      onClose={() => busy && dialog.current?.showModal()} // a second Escape closes it all the same
      onClick={(event) => event.target === dialog.current && !busy && onClose()}
    >
      <div class="dialog-body">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  )
}

/** Ask before something that cannot be taken back; open until `onYes` has done it, which closes it. */
export function Confirm(props: { question: string; yes: string; onYes: () => void | Promise<void>; onNo: () => void }): JSX.Element {
  const [busy, during] = useBusy()
  return (
    <Dialog title={props.question} busy={busy} onClose={props.onNo}>
      <div class="buttons end">
        <Button label={t('app.cancel')} disabled={busy} onClick={props.onNo} />
        <Button label={props.yes} kind="danger" busy={busy} onClick={() => during(async () => props.onYes())} />
      </div>
    </Dialog>
  )
}

/** A text field with its label; `known` values are offered. */
export function TextField(props: {
  label: string
  value: string
  known?: readonly string[]
  longest?: number
  lines?: number
  onInput: (value: string) => void
  onEnter?: () => void
}): JSX.Element {
  const id = useId()
  const shared = {
    id,
    value: props.value,
    maxLength: props.longest ?? 200,
    dir: 'auto' as const,
    autocomplete: 'off',
  }
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      {props.lines ? (
        <textarea {...shared} rows={props.lines} onInput={(event) => props.onInput(event.currentTarget.value)} />
      ) : (
        <input
          {...shared}
          type="text"
          list={props.known?.length ? `${id}-known` : undefined}
          enterkeyhint="done"
          onInput={(event) => props.onInput(event.currentTarget.value)}
          onKeyDown={(event) => event.key === 'Enter' && !event.isComposing && props.onEnter?.()}
        />
      )}
      {!!props.known?.length && (
        <datalist id={`${id}-known`}>
          {props.known.slice(0, 100).map((value) => (
            <option key={value} value={value} />
          ))}
        </datalist>
      )}
    </div>
  )
}

export interface Option<T extends string> {
  value: T
  label: string
}

export function SelectField<T extends string>(props: {
  label: string
  value: T
  options: readonly Option<T>[]
  hint?: string
  disabled?: boolean
  onChange: (value: T) => void
}): JSX.Element {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <select id={id} value={props.value} disabled={props.disabled} aria-describedby={props.hint ? `${id}-hint` : undefined} onChange={(event) => props.onChange(event.currentTarget.value as T)}>
        {props.options.map(({ value, label }) => (
          <option key={value} value={value} selected={value === props.value}>
            {brief(label)}
          </option>
        ))}
      </select>
      {props.hint && (
        <p class="hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
    </div>
  )
}

/** A choice of a few, all in sight. */
export function Segments<T extends string>(props: { label: string; value: T; options: readonly Option<T>[]; onChange: (value: T) => void }): JSX.Element {
  const name = useId()
  return (
    <fieldset class="segments">
      <legend class="unseen">{props.label}</legend>
      {props.options.map(({ value, label }) => (
        <label key={value} class={value === props.value ? 'chosen' : ''}>
          <input type="radio" name={name} class="unseen" checked={value === props.value} onChange={() => props.onChange(value)} />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  )
}

/** A slider with its value beside it; `onChange` comes when it is let go, `onInput` while it moves. */
export function Slider(props: {
  label: string
  value: number
  min: number
  max: number
  step: number
  text: string
  hint?: string
  onInput?: (value: number) => void
  onChange?: (value: number) => void
}): JSX.Element {
  const id = useId()
  return (
    <div class="field slider">
      <label for={id}>{props.label}</label>
      <output for={id}>{props.text}</output>
      <input
        id={id}
        type="range"
        min={props.min}
        max={props.max}
        step={props.step}
        value={props.value}
        aria-valuetext={props.text}
        onInput={(event) => props.onInput?.(event.currentTarget.valueAsNumber)}
        onChange={(event) => props.onChange?.(event.currentTarget.valueAsNumber)}
      />
      {props.hint && <p class="hint">{props.hint}</p>}
    </div>
  )
}

/** A number with its name. */
export function Metric({ label, value, hint }: { label: string; value: string; hint?: string }): JSX.Element {
  return (
    <div class="metric" title={hint}>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  )
}

/** The address of `blob` while the component shows it. */
export function useBlobAddress(blob: Blob | null): string {
  const [address, setAddress] = useState('')
  useEffect(() => {
    if (!blob) return setAddress('')
    const made = URL.createObjectURL(blob)
    setAddress(made)
    return () => URL.revokeObjectURL(made)
  }, [blob])
  return address
}

/** The page's heading, which takes the focus when the page is turned. */
export function PageTitle({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <h1 tabIndex={-1} class="page-title">
      {children}
    </h1>
  )
}
