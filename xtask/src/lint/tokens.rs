//! What attributes and the arguments of macros say: they are not parsed, only searched for paths.

use proc_macro2::{TokenStream, TokenTree};

/// Whether an item is compiled for unit tests alone: `#[cfg(test)]` or `#[cfg(all(test, …))]`.
pub(super) fn only_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Meta>().is_ok_and(|condition| implies_test(&condition))
    })
}

fn implies_test(condition: &syn::Meta) -> bool {
    match condition {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) if list.path.is_ident("all") => {
            let every = syn::punctuated::Punctuated::<syn::Meta, syn::Token![,]>::parse_terminated;
            list.parse_args_with(every).is_ok_and(|all| all.iter().any(implies_test))
        }
        _ => false,
    }
}

/// The value of `#[path = "…"]`.
pub(super) fn path_attribute(attributes: &[syn::Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    })
}

/// The attributes of an item, whatever it is.
pub(super) fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Union(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The name under which an item is known in its module.
pub(super) fn name(item: &syn::Item) -> Option<&syn::Ident> {
    Some(match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Macro(item) => item.ident.as_ref()?,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        syn::Item::Union(item) => &item.ident,
        _ => return None,
    })
}

/// Calls `found` with each path of two names or more, and the line it is in. Paths in strings count as well:
/// `#[serde(with = "…")]`.
pub(super) fn paths(tokens: TokenStream, found: &mut dyn FnMut(Vec<String>, usize)) {
    let mut path = Vec::new();
    let (mut line, mut colons) = (0, 0);
    let end = |path: &mut Vec<String>, line, found: &mut dyn FnMut(Vec<String>, usize)| {
        if path.len() > 1 {
            found(std::mem::take(path), line);
        }
        path.clear();
    };
    for token in tokens {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => colons += 1,
            TokenTree::Ident(ident) => {
                if colons != 2 {
                    end(&mut path, line, found);
                    line = ident.span().start().line;
                }
                path.push(ident.to_string());
                colons = 0;
            }
            other => {
                end(&mut path, line, found);
                colons = 0;
                match other {
                    TokenTree::Group(group) => paths(group.stream(), found),
                    TokenTree::Literal(literal) => quoted(&literal, found),
                    _ => {}
                }
            }
        }
    }
    end(&mut path, line, found);
}

fn quoted(literal: &proc_macro2::Literal, found: &mut dyn FnMut(Vec<String>, usize)) {
    let text = literal.to_string();
    let names = text.trim_matches('"').split("::").map(str::to_owned).collect::<Vec<_>>();
    let is_name = |name: &String| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if names.len() > 1 && names.iter().all(is_name) {
        found(names, literal.span().start().line);
    }
}
