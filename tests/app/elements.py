"""What is on a page of an ``AppTest``, and pressing its buttons."""


def button(app, label):
    found = [element for element in app.button if element.label == label]
    assert found, [element.label for element in app.button]
    return found[0]


def field(elements, label):
    return next(element for element in elements if element.label == label)


def metrics(app):
    return {metric.label: metric.value for metric in app.metric}


def texts(elements):
    return [element.value for element in elements]


def score_slider(app):
    return field(app.slider, "Minimum confidence")


def press(app, label):
    button(app, label).click().run()
    assert not app.exception
    return app


def open_tab(app, name, key="photos_tab"):
    """Open the tab ``name``, as a click does; a page draws no other."""
    app.session_state[key] = name
    app.run()
    assert not app.exception
    return app
