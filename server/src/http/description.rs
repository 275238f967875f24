//! `/api/openapi.json` and `/api/docs`, made from the table of routes and the schemas beside this file.

use axum::Json;
use axum::extract::State;
use axum::response::Html;
use http::Method;
use serde_json::{Map, Value, json};

use crate::routes::{Access, Route, table};
use crate::state::AppState;

/// Schemas by name, with an example each where it is something to send.
const SCHEMAS: &str = include_str!("schemas.json");

/// The API in `OpenAPI` 3.1.
pub async fn document() -> Json<Value> {
    Json(describe(&table()))
}

/// The same as a page, without script.
pub async fn page(State(state): State<AppState>) -> Html<String> {
    Html(render(&table(), &state.site.addresses().css))
}

fn describe(routes: &[Route]) -> Value {
    let mut paths = Map::new();
    for route in routes.iter().filter(|route| is_described(route)) {
        let path = route.path.replace("{*", "{");
        let item = paths.entry(path).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(route.method.as_str().to_ascii_lowercase(), operation(route));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Switchback",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Exposure is sent in percent (10 is 10 %) and answered in basis points (1000 is 10 %). \
                            Instants are milliseconds since 1970 UTC. Edits carry the version they were made against, \
                            as If-Match or expected_version; rollbacks and the kill switch never need one. \
                            An Idempotency-Key makes a repeated request the same request for 24 hours.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": "switchback_session" },
            },
        },
    })
}

fn schemas() -> Value {
    serde_json::from_str(SCHEMAS).unwrap_or_default()
}

/// Pages describe themselves.
fn is_described(route: &Route) -> bool {
    !matches!(
        route.access,
        Access::Page | Access::PageText | Access::PageUpload
    )
}

fn operation(route: &Route) -> Value {
    let success = if is_creation(route) { "201" } else { "200" };
    let mut operation = json!({
        "summary": route.summary,
        "security": security(route.access),
        "parameters": parameters(route),
        "responses": {
            success: { "description": "Done", "content": content(route.gives) },
            "default": { "description": "Refused", "content": problem_content(route.access) },
        },
    });
    if let (Some(takes), Some(operation)) = (route.takes, operation.as_object_mut()) {
        operation.insert(
            "requestBody".into(),
            json!({ "required": true, "content": content(Some(takes)) }),
        );
    }
    operation
}

/// Creating answers 201; other commands 200.
fn is_creation(route: &Route) -> bool {
    route.method == Method::POST
        && (route
            .gives
            .is_some_and(|schema| schema.starts_with("Created"))
            || route.takes.is_some_and(|schema| schema.starts_with("New")))
}

fn security(access: Access) -> Value {
    match access {
        Access::Open => json!([]),
        Access::DataPlane | Access::Ofrep => json!([{ "token": [] }]),
        _ => json!([{ "token": [] }, { "session": [] }]),
    }
}

fn parameters(route: &Route) -> Vec<Value> {
    let parts = route
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path = parts.map(|name| {
        json!({ "name": name.trim_start_matches('*'), "in": "path", "required": true, "schema": { "type": "string" } })
    });
    let in_query = route.query.iter().map(|name| {
        json!({ "name": name, "in": "query", "required": *name == "start", "schema": { "type": "string" } })
    });
    in_path.chain(in_query).collect()
}

/// A schema by name, or a media type as it is.
fn content(what: Option<&str>) -> Value {
    match what {
        Some(media_type) if media_type.contains('/') => json!({ media_type: {} }),
        Some(schema) => {
            json!({ "application/json": { "schema": { "$ref": format!("#/components/schemas/{schema}") } } })
        }
        None => json!({}),
    }
}

fn problem_content(access: Access) -> Value {
    if access == Access::Ofrep {
        return content(Some("OfrepError"));
    }
    json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } })
}

fn render(routes: &[Route], style_sheet: &str) -> String {
    let rows: Vec<String> = routes
        .iter()
        .filter(|route| is_described(route))
        .map(|route| {
            let query = if route.query.is_empty() { String::new() } else { format!("?{}", route.query.join("&amp;")) };
            format!(
                "<tr><td><code>{}</code></td><td><code>{}{query}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>",
                route.method,
                route.path,
                route.summary,
                reference(route.takes),
                reference(route.gives),
            )
        })
        .collect();
    let schemas = schemas();
    let details: Vec<String> = schemas
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, schema)| {
            let text = serde_json::to_string_pretty(schema)
                .unwrap_or_default()
                .replace('&', "&amp;")
                .replace('<', "&lt;");
            format!("<h3 id=\"{name}\">{name}</h3><pre><code>{text}</code></pre>")
        })
        .collect();
    let (rows, details) = (rows.concat(), details.concat());
    let style = match style_sheet {
        "" => String::new(),
        address => format!("<link rel=\"stylesheet\" href=\"{address}\">"),
    };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Switchback API</title>{style}</head>\
         <body><h1>Switchback API</h1><p>For programs: <a href=\"/api/openapi.json\">/api/openapi.json</a>.</p>\
         <table><thead><tr><th>Method</th><th>Path</th><th>What it does</th><th>Takes</th><th>Gives</th></tr></thead>\
         <tbody>{rows}</tbody></table><h2>Schemas</h2>{details}</body></html>"
    )
}

fn reference(what: Option<&str>) -> String {
    match what {
        Some(media_type) if media_type.contains('/') => media_type.to_owned(),
        Some(schema) => format!("<a href=\"#{schema}\">{schema}</a>"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::api;
    use serde::de::DeserializeOwned;

    #[test]
    fn every_route_of_the_api_is_described_with_schemas_that_exist() {
        let routes = table();
        let document = describe(&routes);
        for route in routes.iter().filter(|route| is_described(route)) {
            let item = &document["paths"][route.path.replace("{*", "{")];
            assert!(
                item[route.method.as_str().to_ascii_lowercase()].is_object(),
                "{} {}",
                route.method,
                route.path
            );
        }
        let mut missing = Vec::new();
        look_for_references(&document, &document["components"]["schemas"], &mut missing);
        assert!(missing.is_empty(), "{missing:?}");
    }

    fn look_for_references(value: &Value, schemas: &Value, missing: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                if let Some(name) = members.get("$ref").and_then(Value::as_str) {
                    let name = name.trim_start_matches("#/components/schemas/");
                    if !schemas[name].is_object() {
                        missing.push(name.to_owned());
                    }
                }
                members
                    .values()
                    .for_each(|member| look_for_references(member, schemas, missing));
            }
            Value::Array(items) => items
                .iter()
                .for_each(|item| look_for_references(item, schemas, missing)),
            _ => {}
        }
    }

    #[test]
    fn the_examples_are_bodies_that_the_handlers_read() {
        fn reads<T: DeserializeOwned>(schema: &str) {
            let example = schemas()[schema]["example"].clone();
            assert!(example.is_object(), "{schema} has no example");
            serde_json::from_value::<T>(example)
                .unwrap_or_else(|error| panic!("{schema}: {error}"));
        }
        reads::<api::migrations::NewMigration>("NewMigration");
        reads::<api::migrations::Edit>("MigrationEdit");
        reads::<api::environments::NewEnvironment>("NewEnvironment");
        reads::<api::environments::Edit>("EnvironmentEdit");
        reads::<api::phases::NewPhase>("NewPhase");
        reads::<api::phases::Edit>("PhaseEdit");
        reads::<api::checklists::NewCheck>("NewCheck");
        reads::<api::checklists::Edit>("CheckEdit");
        reads::<api::checklists::Tick>("Tick");
        reads::<api::checklists::Skip>("Skip");
        reads::<api::checklists::Untick>("Untick");
        reads::<api::modules::NewModule>("NewModule");
        reads::<api::modules::Edit>("ModuleEdit");
        reads::<api::edit::Why>("Why");
        reads::<api::issues::NewIssue>("NewIssue");
        reads::<api::issues::Edit>("IssueEdit");
        reads::<api::issues::Move>("IssueMove");
        reads::<api::issues::Comment>("NewComment");
        reads::<api::issues::Link>("IssueLink");
        reads::<api::flags::Set>("SetFlags");
        reads::<api::rollback::Rollback>("Rollback");
        reads::<api::kill_switch::Press>("PressKillSwitch");
        reads::<api::resume::Confirmed>("Resume");
        reads::<api::undo::Change>("Undo");
        reads::<api::users::NewUser>("NewUser");
        reads::<api::users::Grants>("Grants");
        reads::<api::tokens::Wanted>("NewToken");
        reads::<api::backup::Target>("Backup");
    }
}
