# A small server: reads commands from standard input, so that runs interleave with other tools.
# With the gaussian and the cox family without an intercept, else with one.
# The folders 1, 2, ... hold a problem each; all of them are fitted, one after the other.
#   path TOL   fit the paths                     -> seconds
#   cv TOL     cross-validate on the given folds -> seconds
#   save FILE  write the last answer as doubles  -> done
#   version                                      -> glmnet's and R's version
suppressPackageStartupMessages(library(glmnet))
folder <- commandArgs(trailingOnly = TRUE)[1]
read_numbers <- function(path, what = "double", size = 8) {
  readBin(path, what, n = file.size(path) / size)
}
read_problem <- function(folder) {
  y <- read_numbers(file.path(folder, "y"))
  values <- read_numbers(file.path(folder, "X"))
  family <- readLines(file.path(folder, "family"))
  if (family == "multinomial") y <- matrix(y, ncol = read_numbers(file.path(folder, "outputs")))
  if (family == "cox") y <- matrix(y, ncol = 2, dimnames = list(NULL, c("time", "status")))
  n <- NROW(y)
  indptr <- file.path(folder, "indptr")
  if (file.exists(indptr)) {
    p <- read_numbers(indptr, "integer", 4)
    i <- read_numbers(file.path(folder, "indices"), "integer", 4)
    x <- new("dgCMatrix", x = values, i = i, p = p, Dim = c(n, length(p) - 1L))
  } else {
    x <- matrix(values, nrow = n)
  }
  list(x = x, y = y, alphas = read_numbers(file.path(folder, "alphas")), family = family)
}
folders <- list.dirs(folder, recursive = FALSE)
problems <- lapply(folders[order(as.integer(basename(folders)))], read_problem)
foldid <- file.path(folder, "folds")
folds <- if (file.exists(foldid)) read_numbers(foldid) else NULL
# Intercept and coefficients, a column per alpha; one that glmnet left out repeats the last.
# Of several classes one class after the other.
paths <- function(fit, it) {
  one <- function(a0, beta) {
    found <- rbind(a0, as.matrix(beta))
    as.vector(found[, pmin(seq_along(it$alphas), ncol(found))])
  }
  if (!is.list(fit$beta)) return(one(if (is.null(fit$a0)) 0 else fit$a0, fit$beta))
  unlist(lapply(seq_along(fit$beta), function(k) one(fit$a0[k, ], fit$beta[[k]])))
}
now <- function() as.numeric(Sys.time())

input <- file("stdin", open = "r")
while (length(line <- readLines(input, n = 1)) > 0) {
  word <- strsplit(line, " ", fixed = TRUE)[[1]]
  if (word[1] == "path") {
    start <- now()
    fits <- lapply(problems, function(it) {
      some <- if (it$family == "cox") list() else list(intercept = it$family != "gaussian")
      do.call(glmnet, c(list(it$x, it$y, family = it$family, lambda = it$alphas,
                             thresh = as.numeric(word[2]), standardize = FALSE), some))
    })
    cat(now() - start, "\n")
    answer <- function() unlist(Map(paths, fits, problems))
  } else if (word[1] == "cv") {
    start <- now()
    fits <- lapply(problems, function(it) {
      cv.glmnet(it$x, it$y, lambda = it$alphas, thresh = as.numeric(word[2]), foldid = folds,
                standardize = FALSE)
    })
    cat(now() - start, "\n")
    answer <- function() unlist(lapply(fits, function(fit) fit$cvm))
  } else if (word[1] == "save") {
    writeBin(answer(), word[2])
    cat("done\n")
  } else {
    cat(as.character(packageVersion("glmnet")), "with", R.version.string, "\n")
  }
  flush(stdout())
}
