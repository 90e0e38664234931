// A plugin of TypeDoc: in the sidebar a page has the title that stands in it, a module the name by which it is imported, and what
// belongs to a function, its other forms, stands there as such.

const titleOf = /^\s*# (.*)\n/
/** TypeDoc's number of the kind. */
const namespace = 4

/** Called by TypeDoc. The files of the site are named before, so links to them stay. */
export function load(app) {
  app.renderer.on('beginRender', ({ project }) => {
    // Above the first page TypeDoc writes the name of the project.
    const [first] = project.readme ?? []
    if (first) first.text = first.text.replace(titleOf, '')
    for (const page of project.documents ?? []) {
      const [, title] = titleOf.exec(page.content[0]?.text ?? '') ?? []
      if (title) page.name = title.replaceAll('`', '')
    }
    for (const module of project.children ?? []) {
      module.name = module.name === 'index' ? 'holdfast' : `holdfast/${module.name}`
      for (const one of module.children ?? []) {
        if (one.kind !== namespace) continue
        const forms = (one.children ?? []).map(form => `.${form.name}`)
        if (forms.length > 0) one.name += forms.join(', ')
      }
    }
  })
}
