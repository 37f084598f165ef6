# Makes the figures of tests/test_loss_figures.py with R's glmnet:
#   Rscript glm.R breast_cancer.csv Hitters.csv randhie.csv
# (tables of the Python packages scikit-learn, ISLP and statsmodels). Writes glm_rows.csv and
# glm_figures.csv beside it; feature -1 is the intercept.
suppressMessages(library(glmnet))
set.seed(2)
n <- 120; p <- 8
x <- round(matrix(rnorm(n * p), n, p), 3)
x[, 2] <- round(0.6 * x[, 1] + 0.8 * x[, 2], 3)
x[, 6] <- 10 * x[, 6] + 50
eta <- 0.3 + 0.8 * x[, 1] - 0.6 * x[, 3] + 0.4 * x[, 5]
class <- as.numeric(runif(n) < 1 / (1 + exp(-eta)))
count <- rpois(n, exp(eta))
weight <- sample(0:3, n, TRUE)
offset <- round(rnorm(n, 0, 0.5), 3)
score <- exp(cbind(eta, x[, 2] - x[, 4], x[, 7]))
kind <- apply(score, 1, function(s) sample(3, 1, prob = s))
write.csv(data.frame(class, count, kind, weight, offset, x), "glm_rows.csv", row.names = FALSE)

out <- NULL
add <- function(case, alpha, coef) {
  coef <- as.vector(coef)
  out <<- rbind(out, data.frame(case = case, alpha = alpha, feature = seq_along(coef) - 2,
                                coef = sprintf("%.12g", coef)))
}
glmnet.control(epsnr = 1e-15, mxitnr = 1000, fdev = 0, devmax = 1)
path <- function(case, family, x, y, at, ...) {
  made <- glmnet(x, y, family = family, lambda = at, thresh = 1e-20, maxit = 1e8, ...)
  stopifnot(length(made$lambda) == length(at), made$jerr == 0)
  for (k in seq_along(at)) add(case, at[k], c(made$a0[k], made$beta[, k]))
}
alphas <- c(0.2, 0.1, 0.05, 0.02, 0.005, 0.001)
seen <- weight > 0
for (family in c("binomial", "poisson")) {
  y <- if (family == "binomial") class else count
  name <- function(what) paste(if (family == "binomial") "logistic" else family, what)
  path(name("plain"), family, x, y, alphas)
  path(name("raw"), family, x, y, alphas, standardize = FALSE)
  path(name("elastic"), family, x, y, alphas, alpha = 0.4)
  path(name("ridge"), family, x, y, alphas, alpha = 0)
  path(name("weights"), family, x[seen, ], y[seen], alphas, weights = weight[seen])
  path(name("offset"), family, x, y, alphas, offset = offset)
  path(name("free"), family, x, y, alphas, penalty.factor = c(0, 2, rep(1, 6)))
  path(name("positive"), family, x, y, alphas, lower.limits = 0)
  path(name("box"), family, x, y, alphas, lower.limits = -0.2, upper.limits = 0.3)
  path(name("no intercept"), family, x, y, alphas, intercept = FALSE, standardize = FALSE)
}

kinds <- function(what, ...) {
  made <- glmnet(x, factor(kind), family = "multinomial", lambda = alphas, thresh = 1e-20,
                 maxit = 1e8, ...)
  for (output in 1:3) for (k in seq_along(alphas))
    add(paste("multinomial", what, output), alphas[k],
        c(made$a0[output, k], made$beta[[output]][, k]))
}
kinds("plain")
kinds("raw", standardize = FALSE)
kinds("elastic", alpha = 0.4)
kinds("ridge", alpha = 0)
kinds("grouped", type.multinomial = "grouped")

files <- commandArgs(TRUE)
breast <- read.csv(files[1], skip = 1, header = FALSE)
path("logistic breast", "binomial", as.matrix(breast[, 1:30]), breast[, 31],
     c(0.2, 0.1, 0.05, 0.02, 0.01, 0.005))
hitters <- na.omit(read.csv(files[2]))
for (name in c("League", "NewLeague")) hitters[[name]] <- as.numeric(hitters[[name]] == "N")
hitters$Division <- as.numeric(hitters$Division == "W")
salary <- hitters$Salary
path("logistic hitters", "binomial", as.matrix(hitters[, names(hitters) != "Salary"]),
     as.numeric(salary > median(salary)), c(0.2, 0.1, 0.05, 0.02, 0.01, 0.001))
rand <- read.csv(files[3])
path("poisson randhie", "poisson", as.matrix(rand[, -1]), rand[, 1],
     c(0.5, 0.2, 0.1, 0.05, 0.01, 0.001))
write.csv(out, "glm_figures.csv", row.names = FALSE, quote = FALSE)
